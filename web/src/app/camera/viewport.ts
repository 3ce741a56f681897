/**
 * Which part of the camera's picture is visible, and where its points are on the screen.
 *
 * In:    the sizes of the picture and of the stage that it covers (object-fit: cover), the digital zoom
 * Out:   the visible rectangle in px of the video; points in px of the stage, and back
 * Needs: the core's types
 */

import type { Point, Rectangle } from '../../core';

/** A width and a height, px. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How the camera's picture is shown. */
export interface Viewport {
  readonly stage: Size; // CSS px
  readonly video: Size; // px
  readonly zoom: number; // digital, at least 1: how much the picture is enlarged beyond covering the stage
  readonly isMirrored: boolean; // as a front camera's picture is
}

/** Return the CSS px per px of the video. */
export function stageScale({ stage, video, zoom }: Viewport): number {
  return zoom * Math.max(stage.width / video.width, stage.height / video.height);
}

/** Return the visible part of the video in whole px: what is recognised is what the user sees. */
export function visibleRegion(viewport: Viewport): Rectangle {
  const { stage, video } = viewport;
  const scale = stageScale(viewport);
  const width = clamp(Math.round(stage.width / scale), 1, video.width);
  const height = clamp(Math.round(stage.height / scale), 1, video.height);
  const [x, y] = [Math.floor((video.width - width) / 2), Math.floor((video.height - height) / 2)];
  return { x, y, width, height };
}

/** Return where a point of the video is on the stage. */
export function toStage(viewport: Viewport, [x, y]: Point): Point {
  const { stage, video, isMirrored } = viewport;
  const scale = stageScale(viewport);
  const right = (x - video.width / 2) * scale;
  return [stage.width / 2 + (isMirrored ? -right : right), stage.height / 2 + (y - video.height / 2) * scale];
}

/** Return which point of the video is at a point of the stage. */
export function toVideo(viewport: Viewport, [x, y]: Point): Point {
  const { stage, video, isMirrored } = viewport;
  const scale = stageScale(viewport);
  const right = (x - stage.width / 2) / scale;
  return [video.width / 2 + (isMirrored ? -right : right), video.height / 2 + (y - stage.height / 2) / scale];
}

/** Return a number, or the nearer end of a range. */
export function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
