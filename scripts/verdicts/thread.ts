/** The thread the verifier runs in, so that a walk without end can be ended: a question in, an answer out. */
import { parentPort } from 'node:worker_threads';
import { judge, type Question } from './judge.ts';

parentPort?.on('message', async (question: Question) => parentPort?.postMessage(await judge(question)));
