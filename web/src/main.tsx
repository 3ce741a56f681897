/**
 * Entry point of the app.
 *
 * In:    index.html
 * Out:   the running app
 * Needs: everything
 */

import './styles/index.css';
import { render } from 'preact';
import { App, AppContext } from './app/app';
import { acceptFiles } from './app/incoming';
import { loadMyKeys } from './app/my-keys/recognition';
import { installOffline } from './app/offline';
import { Session } from './app/session';
import { Shell } from './app/shell';
import { isBlocked } from './app/storage/database';
import { readAppModel } from './app-model';
import { closeNotice, type Notice, notices, notify } from './notices';
import { takeShared } from './shared';
import { loadLanguage, t, withDetails } from './words';

async function start(): Promise<void> {
  const app = new App(new Session(readAppModel()));
  isBlocked.subscribe((blocked) => void (blocked || loadMyKeys())); // nothing waits for it: another tab may block it
  await loadLanguage();
  render(
    <AppContext.Provider value={app}>
      <Shell />
    </AppContext.Provider>,
    document.body,
  );
  acceptFiles((files) => void app.openFiles(files));
  const shared = await takeShared().catch(() => []);
  if (shared.length) void app.openFiles(shared);
  const reload = { label: t('load.again'), run: () => location.reload() };
  let notice: Notice | null = null;
  isBlocked.subscribe((blocked) => {
    if (notice) closeNotice(notice);
    notice = blocked ? notify(t('storage.blocked'), 'error', reload) : null;
  });
  try {
    const isFirstVisit = await installOffline({
      onProgress: (loaded, total) => app.showProgress(loaded, total),
      onReplaced: () => notify(t('storage.newer'), 'update', reload),
      onUpdate: (apply) => notify(t('update.ready'), 'update', { label: t('update.take'), run: apply }),
    });
    await app.start();
    if (isFirstVisit && !notices.value.length) notify(t('offline.ready'), 'ready');
  } catch (error) {
    notify(withDetails(t('load.failed'), error), 'error', reload);
  }
}

void start();
