export { verify } from '../../src/verifier/verify.ts';
