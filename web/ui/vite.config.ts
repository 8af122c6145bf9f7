import { readFileSync } from 'node:fs';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';
import { viteSingleFile } from 'vite-plugin-singlefile';

/** The licences of what is inside the page travel with it, as their terms ask. */
function licences(): Plugin {
  const files = [
    'echarts/LICENSE',
    'echarts/NOTICE',
    'zrender/LICENSE',
    'svelte/LICENSE.md',
    'tslib/LICENSE.txt',
  ];
  return {
    name: 'licences',
    transformIndexHtml: () => {
      const texts = files.map(
        (file) => `${file}\n\n${readFileSync(`node_modules/${file}`, 'utf8')}`,
      );
      const children = texts.join('\n----\n\n').replaceAll('<', '&lt;');
      return [
        {
          tag: 'script',
          attrs: { type: 'text/plain', id: 'licences' },
          children,
          injectTo: 'body',
        },
      ];
    },
  };
}

// One HTML file with script and style inside: a readout must open from a mail attachment.
export default defineConfig({
  plugins: [svelte(), licences(), viteSingleFile({ removeViteModuleLoader: true })],
  build: { target: 'es2022', modulePreload: false, chunkSizeWarningLimit: 2000 },
});
