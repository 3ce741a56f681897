/**
 * The core: from pixels to answers, independent of the page. The tests compare it with Python.
 *
 * In:    images; functions that run the three networks
 * Out:   detections, crops, verdicts, heat maps, causes
 * Needs: nothing outside this folder
 */

export * from './affine';
export * from './align';
export * from './bmp';
export * from './card';
export * from './causes';
export * from './classify';
export * from './combine';
export { default as constants } from './constants.json';
export * from './crops';
export * from './decision';
export * from './detection';
export * from './detector';
export * from './duplicates';
export * from './flatbuffer';
export * from './geometry';
export * from './gradcam';
export * from './hint';
export * from './image';
export * from './labels';
export * from './marks';
export * from './mask';
export * from './model-error';
export * from './motion';
export * from './numbers';
export * from './order';
export * from './overlap';
export * from './photo';
export * from './postprocess';
export * from './prototypes';
export * from './recognise';
export * from './refiner';
export * from './resize';
export * from './smoothing';
export * from './steady';
export * from './tracking';
export * from './turns';
export * from './verdict';
