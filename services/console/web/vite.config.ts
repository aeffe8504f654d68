import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The web app: `vite build -c services/console/web/vite.config.ts` writes dist/console; `vite -c …` serves it with the API of a running `npm start` behind it. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: { outDir: '../../../dist/console', emptyOutDir: true, target: 'es2023', chunkSizeWarningLimit: 900, sourcemap: false },
  server: {
    port: 5173,
    proxy: Object.fromEntries(['/rest', '/v1', '/auth', '/oidc'].map((path) => [path, { target: 'http://localhost:8080', changeOrigin: false }])),
  },
});
