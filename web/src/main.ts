/**
 * The page of the app.
 *
 * In:    index.html
 * Out:   the app at work
 * Needs: everything
 */

import './style.css';
import { App } from './app/app';
import { button } from './app/dom';
import { takePhotos } from './app/giving';
import { settle } from './app/offline';
import { startEngine } from './app/start';
import { say } from './words';

const app = new App();
takePhotos((photo) => void app.open(photo));

async function begin(): Promise<void> {
  try {
    const first = await settle({
      progress: (loaded, total) => app.progress(loaded, total),
      update: (take) => app.notice(say('update.ready'), 'update', button(say('update.take'), take)),
    });
    const { engine, card } = await startEngine();
    app.ready(engine, card);
    if (first) app.notice(say('offline.ready'), 'ready');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    app.notice(
      say('load.failed', { why }),
      'fault',
      button(say('load.again'), () => location.reload()),
    );
  }
}

void begin();
