/** A paper that the report leans on. */
export interface Paper {
  /** As it is cited: `Ainsworth et al. 2023`. */
  readonly short: string;
  readonly authors: string;
  readonly title: string;
  readonly venue: string;
  readonly url: string;
}

export type PaperId = keyof typeof PAPERS;

/** In the order of their list: by first author. */
export const PAPERS = {
  "git-re-basin": {
    short: "Ainsworth et al. 2023",
    authors: "Samuel K. Ainsworth, Jonathan Hayase, Siddhartha Srinivasa",
    title: "Git Re-Basin: Merging Models modulo Permutation Symmetries",
    venue: "ICLR 2023",
    url: "https://arxiv.org/abs/2209.04836",
  },
  multitask: {
    short: "Caruana 1997",
    authors: "Rich Caruana",
    title: "Multitask Learning",
    venue: "Machine Learning 28, 41–75, 1997",
    url: "https://doi.org/10.1023/A:1007379606734",
  },
  "domain-norm": {
    short: "Chang et al. 2019",
    authors: "Woong-Gi Chang, Tackgeun You, Seonguk Seo, Suha Kwak, Bohyung Han",
    title: "Domain-Specific Batch Normalization for Unsupervised Domain Adaptation",
    venue: "CVPR 2019",
    url: "https://arxiv.org/abs/1906.03950",
  },
  invariance: {
    short: "Entezari et al. 2022",
    authors: "Rahim Entezari, Hanie Sedghi, Olga Saukh, Behnam Neyshabur",
    title: "The Role of Permutation Invariance in Linear Mode Connectivity of Neural Networks",
    venue: "ICLR 2022",
    url: "https://arxiv.org/abs/2110.06296",
  },
  connectivity: {
    short: "Frankle et al. 2020",
    authors: "Jonathan Frankle, Gintare Karolina Dziugaite, Daniel M. Roy, Michael Carbin",
    title: "Linear Mode Connectivity and the Lottery Ticket Hypothesis",
    venue: "ICML 2020",
    url: "https://arxiv.org/abs/1912.05671",
  },
  ensembles: {
    short: "Hansen and Salamon 1990",
    authors: "Lars Kai Hansen, Peter Salamon",
    title: "Neural Network Ensembles",
    venue: "IEEE Transactions on Pattern Analysis and Machine Intelligence 12 (10), 993–1001, 1990",
    url: "https://doi.org/10.1109/34.58871",
  },
  swa: {
    short: "Izmailov et al. 2018",
    authors: "Pavel Izmailov, Dmitrii Podoprikhin, Timur Garipov, Dmitry Vetrov, Andrew Gordon Wilson",
    title: "Averaging Weights Leads to Wider Optima and Better Generalization",
    venue: "UAI 2018",
    url: "https://arxiv.org/abs/1803.05407",
  },
  repair: {
    short: "Jordan et al. 2023",
    authors: "Keller Jordan, Hanie Sedghi, Olga Saukh, Rahim Entezari, Behnam Neyshabur",
    title: "REPAIR: REnormalizing Permuted Activations for Interpolation Repair",
    venue: "ICLR 2023",
    url: "https://arxiv.org/abs/2211.08403",
  },
  cka: {
    short: "Kornblith et al. 2019",
    authors: "Simon Kornblith, Mohammad Norouzi, Honglak Lee, Geoffrey Hinton",
    title: "Similarity of Neural Network Representations Revisited",
    venue: "ICML 2019",
    url: "https://arxiv.org/abs/1905.00414",
  },
  convergent: {
    short: "Li et al. 2016",
    authors: "Yixuan Li, Jason Yosinski, Jeff Clune, Hod Lipson, John Hopcroft",
    title: "Convergent Learning: Do different neural networks learn the same representations?",
    venue: "ICLR 2016",
    url: "https://arxiv.org/abs/1511.07543",
  },
  zipit: {
    short: "Stoica et al. 2024",
    authors: "George Stoica, Daniel Bolya, Jakob Bjorner, Pratik Ramesh, Taylor Hearn, Judy Hoffman",
    title: "ZipIt! Merging Models from Different Tasks without Training",
    venue: "ICLR 2024",
    url: "https://arxiv.org/abs/2305.03053",
  },
  soups: {
    short: "Wortsman et al. 2022",
    authors:
      "Mitchell Wortsman, Gabriel Ilharco, Samir Yitzhak Gadre, Rebecca Roelofs, Raphael Gontijo-Lopes, Ari S. Morcos, " +
      "Hongseok Namkoong, Ali Farhadi, Yair Carmon, Simon Kornblith, Ludwig Schmidt",
    title:
      "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing inference time",
    venue: "ICML 2022",
    url: "https://arxiv.org/abs/2203.05482",
  },
  easgd: {
    short: "Zhang et al. 2015",
    authors: "Sixin Zhang, Anna Choromanska, Yann LeCun",
    title: "Deep learning with Elastic Averaging SGD",
    venue: "NeurIPS 2015",
    url: "https://arxiv.org/abs/1412.6651",
  },
} as const satisfies Readonly<Record<string, Paper>>;
