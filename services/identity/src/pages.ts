/** The provider's few pages: plain HTML with its own style, nothing fetched from elsewhere. Every value is escaped. */
export interface LoginPage {
  /** Where the form posts to. */
  action: string;
  /** What was typed before, for another try. */
  username: string;
  error?: string;
  /** Accounts to pick from, without passwords. */
  accounts: readonly { username: string; name: string; role: string }[];
  /** Content-Security-Policy nonce of the style and the script. */
  nonce: string;
}

export function loginPage(page: LoginPage): string {
  const accounts = page.accounts
    .map(
      ({ username, name, role }) =>
        `<button type="button" class="account" data-login="${escape(username)}"><b>${escape(username)}</b><span>${escape(name)} · ${escape(role)}</span></button>`,
    )
    .join('');
  const error = page.error ? `<p class="error" role="alert">${escape(page.error)}</p>` : '';
  return shell(
    'Sign in',
    page.nonce,
    `<h1>Sign in</h1><p class="lead">to Lakeloop</p>${error}
    <form method="post" action="${escape(page.action)}">
      <label for="login">User name</label>
      <input id="login" name="login" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="100" value="${escape(page.username)}"${page.username ? '' : ' autofocus'}>
      <label for="password">Password</label>
      <input id="password" name="password" type="password" autocomplete="current-password" required maxlength="200"${page.username ? ' autofocus' : ''}>
      <button class="primary" type="submit">Sign in</button>
    </form>
    <details open><summary>Demo accounts</summary>
      <div class="accounts">${accounts}</div>
      <p class="hint">Their passwords were printed at the first start and are kept in <code>accounts.json</code> in the data directory.</p>
    </details>
    <script nonce="${page.nonce}">document.querySelectorAll('[data-login]').forEach((button) => button.addEventListener('click', () => {
      document.getElementById('login').value = button.dataset.login; document.getElementById('password').focus(); }));</script>`,
  );
}

/** A page with a message, and a way on when there is one. `body` is HTML of ours. */
export function messagePage(title: string, message: string, nonce: string, body = ''): string {
  return shell(title, nonce, `<h1>${escape(title)}</h1><p class="lead">${escape(message)}</p>${body}`);
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

const LOGO = `<svg class="logo" viewBox="0 0 48 48" aria-hidden="true"><path d="M24 5a19 19 0 1 0 19 19" fill="none" stroke="currentColor" stroke-width="5" stroke-linecap="round"/><path d="M14 26c3.5-4 6.5-4 10 0s6.5 4 10 0" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round"/><circle cx="38" cy="10" r="4" fill="currentColor"/></svg>`;

const STYLE = `
:root{color-scheme:light dark;--page:#eef3f6;--card:#fff;--text:#15232d;--dim:#5b6d79;--line:#d4dee4;--accent:#0b7285;--accent-strong:#095c6b;--on-accent:#fff;--error:#a61e1e;--error-page:#fdecec}
@media (prefers-color-scheme:dark){:root{--page:#0e161c;--card:#17222a;--text:#e6eef2;--dim:#93a5b0;--line:#2b3a45;--accent:#3bc9db;--accent-strong:#66d9e8;--on-accent:#06262b;--error:#ff9b9b;--error-page:#3a1c1f}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:radial-gradient(1200px 600px at 50% -10%,color-mix(in srgb,var(--accent) 16%,transparent),transparent),var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:420px;background:var(--card);border:1px solid var(--line);border-radius:14px;padding:32px;box-shadow:0 12px 40px rgba(0,20,30,.12)}
.logo{width:44px;height:44px;color:var(--accent)}h1{font-size:24px;line-height:1.2;margin:14px 0 0}.lead{margin:2px 0 22px;color:var(--dim)}
label{display:block;font-weight:600;font-size:13px;margin:14px 0 5px}input{width:100%;padding:10px 12px;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:8px}
input:focus-visible,button:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.primary{width:100%;margin-top:20px;padding:11px;font:inherit;font-weight:600;color:var(--on-accent);background:var(--accent);border:0;border-radius:8px;cursor:pointer}.primary:hover{background:var(--accent-strong)}
.error{margin:0 0 4px;padding:10px 12px;border-radius:8px;background:var(--error-page);color:var(--error)}
details{margin-top:26px;border-top:1px solid var(--line);padding-top:14px}summary{cursor:pointer;color:var(--dim);font-size:13px;font-weight:600}
.accounts{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:8px;margin-top:12px}.account{display:block;text-align:left;padding:8px 10px;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:8px;cursor:pointer}
.account:hover{border-color:var(--accent)}.account b{display:block;font-size:13px}.account span{display:block;font-size:12px;color:var(--dim);overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.hint{font-size:12px;color:var(--dim);margin:12px 0 0}code{font-size:12px}a{color:var(--accent)}`;

function shell(title: string, nonce: string, content: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escape(title)} · Lakeloop</title>
<style nonce="${nonce}">${STYLE}</style></head><body><main>${LOGO}${content}</main></body></html>`;
}
