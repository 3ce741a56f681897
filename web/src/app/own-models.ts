/**
 * Models that the user opens: from a file, or from an address in the page's own (`?model=`).
 *
 * In:    files; addresses
 * Out:   OwnModel(s), which are remembered on this device; which of them the page is to run
 * Needs: storage/models.ts
 *
 * A file stays in use until the user goes back to the app's model. An address is in use for as long as it is in the
 * page's: a link cannot replace the model of later visits.
 */

import { isModelFile, readModel, sha256Of } from '../core/card';
import constants from '../core/constants.json';
import { ModelError } from '../core/model-error';
import { allModels, deleteModel, type OwnModel, putModel } from './storage/models';

export type { OwnModel } from './storage/models';

const { MAX_BYTES } = constants.model;
const PARAMETER = 'model';
const MAX_REMEMBERED = 5;
const MAX_SHOWN = 80; // characters of a file's name
const SUFFIX = /\.tflite$/i;
const CHOICE_KEY = `keykind-model:${new URL('.', document.baseURI).pathname}`; // of this app, among others of its host

/** An address from which no model can be fetched. */
export class AddressError extends Error {
  constructor(
    readonly problem: 'scheme' | 'blocked' | 'status' | 'long',
    message: string,
  ) {
    super(message);
  }
}

/** What is known of the chosen file before it is read: the words depend on it. */
export interface Choice {
  readonly digest: string;
  readonly kinds: readonly string[];
  readonly ofKeys: boolean;
}

/** Return whether a file is to be opened as a model rather than as a photo. */
export async function isModel(file: Blob): Promise<boolean> {
  if (file instanceof File && SUFFIX.test(file.name)) return true;
  try {
    return isModelFile(new Uint8Array(await file.slice(0, 8).arrayBuffer()));
  } catch {
    return false; // a folder, or a file that was deleted: as a photo, it is shown with the reason
  }
}

/** Return the address in the page's own; null: there is none. Throws AddressError for anything but http and https. */
export function requestedAddress(): URL | null {
  const text = new URL(location.href).searchParams.get(PARAMETER);
  if (text === null) return null;
  const address = parsed(text);
  if (!address || !['http:', 'https:'].includes(address.protocol)) throw new AddressError('scheme', text);
  return address;
}

/** Return the file that the user chose earlier; null: the app's own model. */
export function rememberedChoice(): Choice | null {
  try {
    const choice = JSON.parse(localStorage.getItem(CHOICE_KEY) ?? 'null') as Choice | null;
    return choice && Array.isArray(choice.kinds) ? choice : null;
  } catch {
    return null; // storage may be disabled, or have something else
  }
}

/** Remember a choice for later visits; null: the app's own model. */
export function rememberChoice(model: OwnModel | null): void {
  try {
    if (model) {
      const { digest, kinds, ofKeys } = model;
      localStorage.setItem(CHOICE_KEY, JSON.stringify({ digest, kinds, ofKeys } satisfies Choice));
    } else localStorage.removeItem(CHOICE_KEY);
  } catch {
    // Without storage, the choice lasts until the page is closed.
  }
}

/** Take `?model=` out of the page's address. */
export function forgetAddress(): void {
  const url = new URL(location.href);
  url.searchParams.delete(PARAMETER);
  history.replaceState(null, '', url);
}

/**
 * Let the page contact its own origin only, from now on.
 *
 * Its own policy allows any host, for the model; a policy can be narrowed, and no photo is opened before.
 */
export function contactNoOther(): void {
  const policy = document.createElement('meta');
  policy.httpEquiv = 'Content-Security-Policy';
  policy.content = "connect-src 'self'";
  document.head.append(policy);
}

/** Read a model file. Throws ModelError. */
export async function modelFrom(file: Blob, name: string, address: string | null = null): Promise<OwnModel> {
  if (file.size > MAX_BYTES) throw new ModelError('tooLarge', `${file.size} bytes, more than ${MAX_BYTES}`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { card } = await readModel(bytes);
  const digest = (await sha256Of(bytes)) ?? `${file.size} ${name}`;
  const { kinds, ofKeys } = card;
  return {
    digest,
    name: name.slice(0, MAX_SHOWN),
    address,
    kinds,
    ofKeys,
    added: Date.now(),
    file: new Blob([bytes]),
  };
}

/** Fetch and read a model; if its host cannot be reached, the copy of an earlier visit. */
export async function fetchModel(
  address: URL,
  onProgress: (loaded: number, total: number) => void,
): Promise<OwnModel> {
  try {
    const file = await download(address, onProgress);
    return await modelFrom(file, fileName(address), address.href);
  } catch (error) {
    const isUnreachable = error instanceof AddressError && error.problem === 'blocked';
    const copy = isUnreachable ? (await remembered()).find((model) => model.address === address.href) : null;
    if (copy) return copy;
    throw error;
  }
}

/** Return the models that were opened on this device, the newest first; none without storage. */
export async function remembered(): Promise<OwnModel[]> {
  return allModels().catch(() => []);
}

/** Keep a model for later visits, and forget the oldest if there are many. Returns whether there was room. */
export async function keep(model: OwnModel): Promise<boolean> {
  try {
    await putModel({ ...model, added: Date.now() });
    for (const { digest } of (await allModels()).slice(MAX_REMEMBERED)) await deleteModel(digest);
    return true;
  } catch {
    return false; // no storage, or not enough
  }
}

function parsed(text: string): URL | null {
  try {
    return new URL(text, document.baseURI);
  } catch {
    return null;
  }
}

function fileName({ pathname, host }: URL): string {
  const name = pathname.slice(pathname.lastIndexOf('/') + 1) || host;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Fetch a file of at most MAX_BYTES. */
async function download(address: URL, onProgress: (loaded: number, total: number) => void): Promise<Blob> {
  const options: RequestInit = { credentials: 'omit', referrerPolicy: 'no-referrer', cache: 'no-cache' };
  const response = await fetch(address, options).catch(() => null);
  if (!response) throw new AddressError('blocked', address.host);
  if (!response.ok) throw new AddressError('status', `HTTP ${response.status}`);
  const total = Number(response.headers.get('content-length')) || 0;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let loaded = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    chunks.push(part.value as Uint8Array<ArrayBuffer>);
    loaded += part.value.length;
    if (loaded > MAX_BYTES) {
      void reader?.cancel();
      throw new AddressError('long', `${MAX_BYTES}`);
    }
    onProgress(loaded, Math.max(total, loaded));
  }
  return new Blob(chunks);
}
