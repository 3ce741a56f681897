/**
 * The core: pixels to answers, without a page. What the tests compare with Python.
 *
 * In:    pictures, and what runs the networks
 * Out:   keys found, crops, verdicts, heat maps, causes
 * Needs: nothing but its own files
 */

export * from './affine';
export * from './card';
export * from './causes';
export { default as constants } from './constants.json';
export * from './cutting';
export * from './draft';
export * from './finder';
export * from './judge';
export * from './masks';
export * from './naming';
export * from './numbers';
export * from './overlay';
export * from './picture';
export * from './recognise';
export * from './resize';
export * from './separation';
export * from './straighten';
export * from './tracking';
export * from './views';
