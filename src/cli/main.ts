#!/usr/bin/env node
import { startEarly } from "./early-workers.js";

const words = process.argv.slice(2);
// Loading the program takes a core for as long as a thread takes to start on another.
startEarly(words);
const { runProgram } = await import("./program.js");
await runProgram(words);
