/**
 * Entry point of the app.
 *
 * In:    index.html
 * Out:   the running app
 * Needs: everything
 */

import './style.css';
import { App } from './app/app';
import { button } from './app/dom';
import { acceptPhotos } from './app/drop-paste';
import { installOffline } from './app/offline';
import { startEngine } from './app/start';
import { t } from './words';

const app = new App();
acceptPhotos((photo) => void app.openPhoto(photo));

async function start(): Promise<void> {
  try {
    const isFirstVisit = await installOffline({
      onProgress: (loaded, total) => app.showProgress(loaded, total),
      onUpdate: (apply) => app.notify(t('update.ready'), 'update', button(t('update.take'), apply)),
    });
    const { engine, card } = await startEngine();
    app.ready(engine, card);
    if (isFirstVisit) app.notify(t('offline.ready'), 'ready');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const reload = button(t('load.again'), () => location.reload());
    app.notify(t('load.failed', { why }), 'error', reload);
  }
}

void start();
