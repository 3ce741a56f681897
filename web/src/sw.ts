/**
 * The service worker: after one visit the app works offline, and a new version replaces the old one as a whole.
 *
 * In:    the list of this version's files, in the line before this script
 * Out:   a cache with these files; responses from it
 * Needs: precache.ts
 *
 * A version is installed only if every file arrives with its expected hash; what few visitors open, such as the photos
 * of the self-test, is fetched and cached when it is first opened. The cache holds nothing else, and requests to other
 * origins are not intercepted.
 */

/// <reference lib="webworker" />

import { type PrecacheEntry, supportedRuntime } from './precache';
import { NAME_HEADER, SHARE_PATH, SHARED_CACHE, SHARED_FIELD } from './shared';

declare const self: ServiceWorkerGlobalScope & { readonly FILES: readonly PrecacheEntry[] };

const CACHE_PREFIX = 'keykind-';
const FILES = self.FILES.filter(({ only }) => !only || only === supportedRuntime());
const INSTALLED = FILES.filter(({ onDemand }) => !onDemand);
const ON_DEMAND = new Map(
  FILES.filter(({ onDemand }) => onDemand).map((file) => [new URL(file.url, self.location.href).href, file]),
);
const TOTAL_BYTES = INSTALLED.reduce((sum, { bytes }) => sum + bytes, 0);
const HASHED = /^assets\//; // files with a hash of their content in their name
const SHARE_URL = new URL(SHARE_PATH, self.location.href).href;
const MAX_DOWNLOADS = 4; // at the same time

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('message', ({ data }) => {
  if (data === 'take over') void self.skipWaiting(); // the message is sent by the page of the previous version
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method === 'POST' && request.url === SHARE_URL) event.respondWith(takeShared(request));
  if (request.method === 'GET' && new URL(request.url).origin === self.location.origin) {
    event.respondWith(respond(request));
  }
});

/** Keep the photos that another app shares until the page takes them, and open the page. */
async function takeShared(request: Request): Promise<Response> {
  const files = (await request.formData()).getAll(SHARED_FIELD).filter((entry) => entry instanceof File);
  const cache = await caches.open(SHARED_CACHE);
  for (const [i, file] of files.entries()) {
    const headers = { 'content-type': file.type, [NAME_HEADER]: encodeURIComponent(file.name) };
    await cache.put(`${SHARE_URL}/${i}`, new Response(file, { headers }));
  }
  return Response.redirect('./', 303);
}

async function respond(request: Request): Promise<Response> {
  const cache = await caches.open(await cacheName());
  const url = request.url.replace(/\/index\.html(?=$|[?#])/, '/'); // cached under the name of its folder
  const cached = await cache.match(url, { ignoreSearch: true });
  if (cached) return cached;
  const file = ON_DEMAND.get(url.replace(/[?#].*/, ''));
  if (!file) return fetch(request);
  const response = await obtain(file);
  await cache.put(file.url, response.clone());
  return response;
}

async function install(): Promise<void> {
  const name = await cacheName();
  const isNew = !(await caches.has(name)); // otherwise the version in use has the same files
  const cache = await caches.open(name);
  const queue = [...INSTALLED];
  let loaded = 0;
  const download = async (): Promise<void> => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      await cache.put(file.url, await obtain(file));
      loaded += file.bytes;
      await postToPages({ loaded, total: TOTAL_BYTES });
    }
  };
  try {
    await Promise.all(Array.from({ length: MAX_DOWNLOADS }, download));
  } catch (error) {
    if (isNew) await caches.delete(name);
    throw error;
  }
  if (!self.registration.active) await self.skipWaiting();
}

async function activate(): Promise<void> {
  const current = await cacheName();
  for (const name of await caches.keys()) {
    if (name.startsWith(CACHE_PREFIX) && name !== current && (await isOwn(name))) await caches.delete(name);
  }
  await self.clients.claim();
}

/** Return whether a cache is of an earlier version of this app: another folder of the host may have one of its own. */
async function isOwn(name: string): Promise<boolean> {
  return (await (await caches.open(name)).match(self.registration.scope)) !== undefined;
}

/** Return a file with the expected hash, from the previous version's cache or from the network. */
async function obtain(file: PrecacheEntry): Promise<Response> {
  const url = new URL(file.url, self.location.href).href;
  const isHashed = HASHED.test(file.url);
  if (isHashed) {
    const cached = await caches.match(url);
    if (cached) return cached;
  }
  const response = await fetch(url, { cache: isHashed ? 'default' : 'no-cache' });
  if (!response.ok) throw new Error(`${file.url}: HTTP ${response.status}`);
  const body = await response.arrayBuffer();
  if ((await sha256Of(body)) !== file.sha256) throw new Error(`${file.url}: sha256 of another version`);
  return new Response(body, { headers: decodedHeaders(response) }); // a redirected response cannot open a page
}

/** Return the headers that are still true after the browser has decoded the body. */
function decodedHeaders(response: Response): Headers {
  const headers = new Headers(response.headers);
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name);
  return headers;
}

/** Return the name of this version's cache: a hash of its folder and its list of files. */
async function cacheName(): Promise<string> {
  const list = new TextEncoder().encode(JSON.stringify([self.registration.scope, FILES]));
  return CACHE_PREFIX + (await sha256Of(list.buffer)).slice(0, 16);
}

async function sha256Of(data: ArrayBuffer): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function postToPages(progress: { loaded: number; total: number }): Promise<void> {
  const pages = await self.clients.matchAll({ includeUncontrolled: true, type: 'window' });
  for (const page of pages) page.postMessage(progress);
}
