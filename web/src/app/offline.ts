/**
 * The page's side of the service worker: first installation, and updates.
 *
 * In:    callbacks for progress and for a new version
 * Out:   a promise that resolves when the app's files are cached on this device, or cannot be
 * Needs: sw.ts
 *
 * On the first visit the service worker downloads all files; the page waits for it, so that nothing is fetched twice.
 */

/** Callbacks of the page. */
export interface InstallCallbacks {
  onProgress(loaded: number, total: number): void;
  onUpdate(apply: () => void): void;
  onReplaced(): void; // another tab has taken the new version: this page's files are gone
}

/** Register the service worker; on a first visit, wait for its files. Return whether they were installed now. */
export async function installOffline(callbacks: InstallCallbacks): Promise<boolean> {
  if (!('serviceWorker' in navigator)) return false;
  const container = navigator.serviceWorker;
  container.addEventListener('message', ({ data }: MessageEvent<{ loaded: number; total: number }>) =>
    callbacks.onProgress(data.loaded, data.total),
  );
  let registration: ServiceWorkerRegistration;
  try {
    registration = await container.register('sw.js');
  } catch {
    return false; // unavailable, for example in a private window: the app works, but only online
  }
  watchUpdates(registration, callbacks);
  watchOthers(container, callbacks);
  const first = registration.active ? null : (registration.installing ?? registration.waiting);
  if (first) await finished(first);
  return first?.state === 'activated';
}

/** Wait until a first service worker controls the page, or has failed. */
function finished(worker: ServiceWorker): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (worker.state === 'redundant') resolve();
      if (worker.state === 'activated') {
        if (navigator.serviceWorker.controller) resolve();
        else navigator.serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true });
      }
    };
    worker.addEventListener('statechange', check);
    check();
  });
}

/** Report that a new version has replaced the one that controls this page, unless that reloads the page. */
function watchOthers(container: ServiceWorkerContainer, { onReplaced }: InstallCallbacks): void {
  let wasControlled = container.controller !== null;
  container.addEventListener('controllerchange', () => {
    if (wasControlled && !isReloading) onReplaced();
    wasControlled = true;
  });
}

let isReloading = false; // whether this page has taken a new version

/** Report each new version that is installed and waiting; when it takes over, the page reloads. */
function watchUpdates(registration: ServiceWorkerRegistration, callbacks: InstallCallbacks): void {
  const offer = (waiting: ServiceWorker): void =>
    callbacks.onUpdate(() => {
      isReloading = true;
      navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
      waiting.postMessage('take over');
    });
  if (registration.waiting && registration.active) offer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const installing = registration.installing;
    installing?.addEventListener('statechange', () => {
      if (installing.state === 'installed' && registration.active) offer(installing);
    });
  });
}
