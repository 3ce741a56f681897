/**
 * The camera: keys are outlined and named in each frame.
 *
 * In:    a camera, the engine
 * Out:   a view; a frame that is taken as a photo
 * Needs: camera.ts, answer/outlines.tsx
 */

import { Camera, ImageUp } from 'lucide';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { FrameResult } from '../../engine/protocol';
import { formatNumber, t } from '../../words';
import { answerText } from '../answer/describe';
import { Outlines } from '../answer/outlines';
import { type App, type Progress, useApp } from '../app';
import { chooseFiles } from '../incoming';
import { announce, notify } from '../notices';
import { Icon } from '../parts/icon';
import { Page } from '../parts/page';
import { cameraErrorText, openCamera, takeFrame } from './camera';

const PAUSE = 60; // ms between frames, for the page and the battery

/** The view: the camera, or how to start it. */
export function ScanView(): JSX.Element {
  const app = useApp();
  const [stream, setStream] = useState<MediaStream | null>(null);
  useEffect(() => () => stop(stream), [stream]);
  const start = async (): Promise<void> => {
    try {
      setStream(await openCamera());
      announce(t('camera.guide'));
    } catch (error) {
      notify(cameraErrorText(error), 'error');
    }
  };
  const choose = (): void => chooseFiles('photo', true, (files) => void app.openFiles(files));
  return (
    <Page title={t('home.title')} class="scan" isTitleHidden={stream !== null}>
      {stream ? <Live stream={stream} /> : <p class="lead">{t('app.about')}</p>}
      {app.progress.value ? <Loading progress={app.progress.value} /> : null}
      <div class="bar">
        {stream ? null : (
          <button type="button" class="main" onClick={() => void start()}>
            <Icon of={Camera} />
            {t('home.camera')}
          </button>
        )}
        <button type="button" onClick={choose}>
          <Icon of={ImageUp} />
          {t('home.choose')}
        </button>
      </div>
    </Page>
  );
}

function Loading({ progress }: { readonly progress: Progress }): JSX.Element {
  const megabytes = (bytes: number): string => formatNumber(bytes / 1e6, 1);
  const { loaded, total } = progress;
  return (
    <div class="loading" role="status">
      <p>{t('load.first', { loaded: megabytes(loaded), total: megabytes(total) })}</p>
      <progress max={total} value={loaded} aria-label={t('load.start')} />
    </div>
  );
}

function Live({ stream }: { readonly stream: MediaStream }): JSX.Element {
  const app = useApp();
  const video = useRef<HTMLVideoElement>(null);
  const [result, setResult] = useState<FrameResult | null>(null);
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    element.srcObject = stream;
    element.muted = true; // some browsers ignore the attribute
    void element.play().catch(() => undefined);
    const stopped = new AbortController();
    run(app, element, stopped.signal, setResult).catch(app.reportError);
    return () => stopped.abort();
  }, [stream]);
  const take = async (): Promise<void> => {
    if (!video.current) return;
    const { blob, bitmap } = await takeFrame(video.current);
    app.openFrame(blob, bitmap);
  };
  return (
    <div class="live">
      <video ref={video} playsInline muted autoPlay aria-label={t('camera.video')} />
      {result ? <Outlines size={result} keys={result.keys} /> : null}
      <div class="bar">
        <button type="button" class="main" onClick={() => void take()}>
          {t('camera.take')}
        </button>
      </div>
      <p class="live-answer">{result?.keys.map((key) => answerText(key)).join(', ')}</p>
    </div>
  );
}

async function run(
  { running, milliseconds }: App,
  video: HTMLVideoElement,
  stopped: AbortSignal,
  show: (result: FrameResult) => void,
): Promise<void> {
  while (!stopped.aborted) {
    const engine = running.value?.engine;
    if (!engine || document.hidden || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
      await sleep(4 * PAUSE);
      continue;
    }
    const frame = await createImageBitmap(video).catch(() => null); // fails while the camera starts or stops
    if (!frame) continue;
    const result = await engine.call('recogniseFrame', frame);
    if (stopped.aborted) return;
    show(result);
    milliseconds.value = result.milliseconds;
    recordTiming(result);
    await sleep(PAUSE);
  }
}

function stop(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Record how long a frame took in the browser's performance timeline, where benchmarks observe it. */
function recordTiming({ milliseconds }: FrameResult): void {
  performance.measure('frame', { start: performance.now() - milliseconds, duration: milliseconds });
  performance.clearMeasures('frame');
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
