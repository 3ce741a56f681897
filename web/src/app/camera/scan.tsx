/**
 * The first view: the camera, full screen; until it runs, how to start it, or what to do without one.
 *
 * In:    the camera
 * Out:   a view
 * Needs: use-camera.ts, live.tsx, welcome.tsx
 */

import './camera.css';
import './outlines.css';
import './controls.css';
import './frozen.css';
import './welcome.css';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { t } from '../../words';
import { Page } from '../parts/page';
import { Live } from './live';
import { useCamera } from './use-camera';
import { Welcome } from './welcome';

/** The view. */
export function ScanView(): JSX.Element {
  const { phase, start, use } = useCamera();
  if (phase.is === 'start') return <Welcome failure={null} onStart={start} />;
  if (phase.is === 'failed') return <Welcome failure={phase.why} onStart={start} />;
  return (
    <Page title={t('camera.title')} class="scan" isTitleHidden>
      <OverCamera />
      {phase.is === 'live' ? (
        <Live key={phase.camera.stream.id} camera={phase.camera} lenses={phase.lenses} onLens={use} />
      ) : (
        <div class="stage waiting">
          <span class="spinner" />
          <p>{phase.is === 'opening' ? t('camera.opening') : ''}</p>
        </div>
      )}
    </Page>
  );
}

/** Makes the main menu dark for as long as it lies over the camera's picture. */
function OverCamera(): null {
  useEffect(() => {
    document.body.classList.add('over-camera');
    return () => document.body.classList.remove('over-camera');
  }, []);
  return null;
}
