'use client';
import { startOutbox } from '@pulse-analytics/player';
import { useEffect } from 'react';
import { endpoint } from '../endpoint';

/** Sends the reports that an earlier visit could not deliver. */
export function Outbox() {
  useEffect(() => startOutbox({ endpoint }), []);
  return null;
}
