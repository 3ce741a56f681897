/**
 * Entry point of the app.
 *
 * In:    index.html
 * Out:   the running app
 * Needs: everything
 */

import './styles/tokens.css';
import './styles/base.css';
import { render } from 'preact';
import { App, AppContext } from './app/app';
import { acceptFiles } from './app/incoming';
import { loadMyKeys } from './app/my-keys/recognition';
import { notice, notify } from './app/notices';
import { installOffline } from './app/offline';
import { Session } from './app/session';
import { Shell } from './app/shell';
import { readAppModel } from './app-model';
import { takeShared } from './shared';
import { loadLanguage, t } from './words';

async function start(): Promise<void> {
  const app = new App(new Session(readAppModel()));
  void loadMyKeys(); // the database may be blocked by another tab: nothing waits for it
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
  try {
    const isFirstVisit = await installOffline({
      onProgress: (loaded, total) => app.showProgress(loaded, total),
      onReplaced: () => notify(t('storage.newer'), 'update', reload),
      onUpdate: (apply) => notify(t('update.ready'), 'update', { label: t('update.take'), run: apply }),
    });
    await app.start();
    if (isFirstVisit && !notice.value) notify(t('offline.ready'), 'ready');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    notify(t('load.failed', { why }), 'error', reload);
  }
}

void start();
