/**
 * Why there is no camera, and whether it may be started without asking.
 *
 * In:    the browser's errors and permissions
 * Out:   Failure; the state of the permission
 * Needs: getUserMedia
 */

import { lenses } from './device';

/** Why there is no camera picture. */
export type Failure = 'denied' | 'absent' | 'busy' | 'insecure' | 'other';

/** Return what an error from starting the camera means. */
export function failureOf(error: unknown): Failure {
  if (!navigator.mediaDevices?.getUserMedia) return isSecureContext ? 'absent' : 'insecure';
  switch (error instanceof Error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'absent';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'other';
  }
}

/** Return what keeps the camera from being started, as far as it is known before trying; null: nothing. */
export async function knownFailure(): Promise<Failure | null> {
  if (!navigator.mediaDevices?.getUserMedia) return failureOf(null);
  return (await lenses()).length === 0 ? 'absent' : null;
}

/** Return the permission for the camera; null: the browser does not say. */
export async function permission(): Promise<PermissionStatus | null> {
  try {
    return await navigator.permissions.query({ name: 'camera' as PermissionName });
  } catch {
    return null; // Firefox before 132 and Safari before 16 know no such permission
  }
}
