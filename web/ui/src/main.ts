import { mount } from 'svelte';

import App from './App.svelte';
import './app.css';
import type { Document } from './document';

/** Keeps a number and its per cent on one line, everywhere but in code. */
function bound<T>(value: T): T {
  if (typeof value === 'string') return value.replace(/(\d\]?) (%|pp\b)/g, '$1\u00a0$2') as T;
  if (Array.isArray(value)) return value.map(bound) as T;
  if (value === null || typeof value !== 'object') return value;
  if ((value as { type?: string }).type === 'code') return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, bound(part)])) as T;
}

/** The document inside the page; null when the page is the bare shell. */
function embedded(): Document | null {
  const text = window.document.getElementById('document')?.textContent?.trim();
  return text ? bound(JSON.parse(text) as Document) : null;
}

mount(App, { target: window.document.getElementById('app')!, props: { page: embedded() } });
