/** What of the verifier is needed where a host has helpers of its own; loaded then. */
export { defineHelper } from '../verifier/custom.ts';
export { HELPERS } from '../verifier/helpers/index.ts';
