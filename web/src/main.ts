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
import { acceptFiles } from './app/drop-paste';
import { installOffline } from './app/offline';
import { Session } from './app/session';
import { readAppModel } from './app-model';
import { t } from './words';

const session = new Session(readAppModel());
const app = new App(session);
acceptFiles((file) => void app.openFile(file));

async function start(): Promise<void> {
  try {
    const isFirstVisit = await installOffline({
      onProgress: (loaded, total) => app.showProgress(loaded, total),
      onUpdate: (apply) => app.frame.notify(t('update.ready'), 'update', button(t('update.take'), apply)),
    });
    await app.start();
    if (isFirstVisit && !app.frame.hasNotice) app.frame.notify(t('offline.ready'), 'ready');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const reload = button(t('load.again'), () => location.reload());
    app.frame.notify(t('load.failed', { why }), 'error', reload);
  }
}

void start();
