/**
 * The service worker: after one visit the app works without a network, and a new version replaces it whole.
 *
 * In:    the list of this version's files, put in by the build
 * Out:   a cache of them; answers from it
 * Needs: listed.ts
 *
 * A version is installed when every file is there with the hash that the list names, or not at all. Nothing but
 * these files is ever kept, and no other address is ever asked.
 */

/// <reference lib="webworker" />

import { type Listed, runtimeHere } from './listed';

declare const self: ServiceWorkerGlobalScope;
declare const __FILES__: readonly Listed[];

const PREFIX = 'keykind-';
const FILES = __FILES__.filter(({ only }) => !only || only === runtimeHere());
const TOTAL = FILES.reduce((sum, { bytes }) => sum + bytes, 0);
const HASHED = /^assets\//; // files whose names change with their contents
const AT_ONCE = 4; // files fetched at the same time

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('message', ({ data }) => {
  if (data === 'take over') void self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method === 'GET' && new URL(request.url).origin === self.location.origin) {
    event.respondWith(answer(request));
  }
});

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(await versionName());
  const page = request.url.replace(/\/index\.html(?=$|[?#])/, '/'); // listed as its folder
  const kept = await cache.match(page, { ignoreSearch: true });
  return kept ?? fetch(request);
}

async function install(): Promise<void> {
  const name = await versionName();
  const isNew = !(await caches.has(name)); // else the version in use has the same files
  const cache = await caches.open(name);
  const left = [...FILES];
  let loaded = 0;
  const work = async (): Promise<void> => {
    for (let file = left.shift(); file; file = left.shift()) {
      await cache.put(file.url, await had(file));
      loaded += file.bytes;
      await tell({ loaded, total: TOTAL });
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } catch (error) {
    if (isNew) await caches.delete(name);
    throw error;
  }
  if (!self.registration.active) await self.skipWaiting();
}

async function activate(): Promise<void> {
  const mine = await versionName();
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== mine);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** Return a file with the hash that the list names: kept from the last version, or fetched. */
async function had(file: Listed): Promise<Response> {
  const address = new URL(file.url, self.location.href).href;
  if (HASHED.test(file.url)) {
    const kept = await caches.match(address);
    if (kept) return kept;
  }
  const response = await fetch(address, { cache: HASHED.test(file.url) ? 'default' : 'no-cache' });
  if (!response.ok) throw new Error(`${file.url}: ${response.status}`);
  const body = await response.arrayBuffer();
  if ((await hashOf(body)) !== file.sha256) throw new Error(`${file.url} is of another version`);
  return new Response(body, { headers: headersOf(response) }); // made anew: an answer by detour opens no page
}

/** Return the headers that still hold of what a browser has unpacked. */
function headersOf(response: Response): Headers {
  const headers = new Headers(response.headers);
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name);
  return headers;
}

/** Return the name of this version's cache: a hash of its list. */
async function versionName(): Promise<string> {
  const list = new TextEncoder().encode(JSON.stringify(FILES));
  return PREFIX + (await hashOf(list.buffer)).slice(0, 16);
}

async function hashOf(data: ArrayBuffer): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function tell(progress: { loaded: number; total: number }): Promise<void> {
  const pages = await self.clients.matchAll({ includeUncontrolled: true, type: 'window' });
  for (const page of pages) page.postMessage(progress);
}
