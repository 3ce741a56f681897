/**
 * Installing the app on the device.
 *
 * In:    the browser's offer, of Chromium; the platform
 * Out:   a signal of how the app can be installed
 * Needs: @preact/signals
 */

import { signal } from '@preact/signals';

/** "prompt": the browser asks; "share": on an iPhone or iPad, from the share menu; null: not here, or it is installed. */
export type Install = 'prompt' | 'share' | null;

/** The event of Chromium that no library declares. */
interface InstallEvent extends Event {
  prompt(): Promise<unknown>;
}

let offer: InstallEvent | null = null;

/** How the app can be installed. */
export const install = signal<Install>(canBeShared() ? 'share' : null);

addEventListener('beforeinstallprompt', (event) => {
  event.preventDefault();
  offer = event as InstallEvent;
  install.value = 'prompt';
});

addEventListener('appinstalled', () => {
  install.value = null;
});

/** Let the browser ask the user. */
export async function promptInstall(): Promise<void> {
  await offer?.prompt();
  offer = null; // an offer can be used once
  install.value = null;
}

/** Return whether this is a browser of iOS, where only the user can install an app, and it is not installed. */
function canBeShared(): boolean {
  const isInstalled = matchMedia('(display-mode: standalone)').matches;
  const isIos = /iPhone|iPad/.test(navigator.userAgent) || isIpadAsMac();
  return isIos && !isInstalled;
}

/** Return whether an iPad claims to be a Mac, which has no touch screen. */
function isIpadAsMac(): boolean {
  return /Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1;
}
