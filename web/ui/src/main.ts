import { mount } from 'svelte';

import App from './App.svelte';
import './app.css';
import type { Document } from './document';

/** The document inside the page; null when the page is the bare shell. */
function embedded(): Document | null {
  const text = window.document.getElementById('document')?.textContent?.trim();
  return text ? (JSON.parse(text) as Document) : null;
}

mount(App, { target: window.document.getElementById('app')!, props: { page: embedded() } });
