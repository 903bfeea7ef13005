#!/bin/sh
# One merge by eight tasks that share a file system: sbatch slurm-array.sh. Each writes its share of the shards; the one
# that finds all of them complete writes the index, the configuration and the tokenizer. Submit it again after a
# time limit: what is finished is kept.
#SBATCH --job-name=onebasin-merge
#SBATCH --array=1-8
#SBATCH --cpus-per-task=4
#SBATCH --mem=1G
#SBATCH --time=01:00:00
#SBATCH --requeue

exec npx --yes onebasin merge recipe.yml -o merged --shard-size 2GB \
  --part "${SLURM_ARRAY_TASK_ID}/8" --resume --memory 900MiB --threads "${SLURM_CPUS_PER_TASK}"
