/**
 * The first view: the camera, full screen; until it runs, how to start it, or what to do without one.
 *
 * In:    the camera
 * Out:   a view
 * Needs: use-camera.ts, live.tsx, welcome.tsx
 */

import './camera.css';
import './welcome.css';
import type { JSX } from 'preact';
import { t } from '../../words';
import { Page } from '../parts/page';
import { Live } from './live';
import { useCamera } from './use-camera';
import { Welcome } from './welcome';

/** The view. */
export function ScanView(): JSX.Element {
  const { phase, start, use } = useCamera();
  switch (phase.is) {
    case 'live':
      return (
        <Page title={t('camera.title')} class="scan" isTitleHidden>
          <Live key={phase.camera.stream.id} camera={phase.camera} lenses={phase.lenses} onLens={use} />
        </Page>
      );
    case 'asking':
    case 'opening':
      return (
        <Page title={t('camera.title')} class="scan" isTitleHidden>
          <div class="stage waiting">
            <span class="spinner" />
            <p>{phase.is === 'opening' ? t('camera.opening') : ''}</p>
          </div>
        </Page>
      );
    case 'failed':
      return <Welcome failure={phase.why} onStart={start} />;
    default:
      return <Welcome failure={null} onStart={start} />;
  }
}
