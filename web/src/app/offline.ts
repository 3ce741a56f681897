/**
 * The service worker's page side: the first installation, and new versions.
 *
 * In:    what is to be told of progress and of a new version
 * Out:   a promise that is kept when the app's files are on this device, or cannot be
 * Needs: sw.ts
 *
 * At the first visit the service worker fetches everything; the page waits for it, so that nothing is fetched twice.
 */

/** What is told to the page. */
export interface Watcher {
  progress(loaded: number, total: number): void;
  update(take: () => void): void;
}

/** Install the service worker, and wait for its files where it is the first; tell whether it was. */
export async function settle(watcher: Watcher): Promise<boolean> {
  if (!('serviceWorker' in navigator)) return false;
  const workers = navigator.serviceWorker;
  workers.addEventListener('message', ({ data }: MessageEvent<{ loaded: number; total: number }>) =>
    watcher.progress(data.loaded, data.total),
  );
  let registration: ServiceWorkerRegistration;
  try {
    registration = await workers.register('sw.js');
  } catch {
    return false; // no service worker here (a private window, perhaps): the app works, but only with a network
  }
  watch(registration, watcher);
  const first = registration.active ? null : (registration.installing ?? registration.waiting);
  if (first) await settled(first);
  return first?.state === 'activated';
}

/** Wait until a first service worker is at work, or gave up. */
function settled(worker: ServiceWorker): Promise<void> {
  return new Promise((done) => {
    const look = (): void => {
      if (worker.state === 'redundant') done();
      if (worker.state === 'activated') {
        if (navigator.serviceWorker.controller) done();
        else navigator.serviceWorker.addEventListener('controllerchange', () => done(), { once: true });
      }
    };
    worker.addEventListener('statechange', look);
    look();
  });
}

/** Tell of a version that is installed and waits; the page loads anew when it takes over. */
function watch(registration: ServiceWorkerRegistration, watcher: Watcher): void {
  const offer = (waiting: ServiceWorker): void =>
    watcher.update(() => {
      navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
      waiting.postMessage('take over');
    });
  if (registration.waiting && registration.active) offer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const coming = registration.installing;
    coming?.addEventListener('statechange', () => {
      if (coming.state === 'installed' && registration.active) offer(coming);
    });
  });
}
