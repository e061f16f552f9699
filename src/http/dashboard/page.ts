/** The dashboard's page; everything else on it is made by its script. */
export const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>OpenRouter Anthropic Server</title>
    <link rel="icon" href="/dashboard/icon.svg" />
    <link rel="stylesheet" href="/dashboard/app.css" />
    <script type="module" src="/dashboard/app.js"></script>
  </head>
  <body>
    <noscript>The dashboard needs JavaScript. The same figures are at /admin/runs and /metrics.</noscript>
  </body>
</html>
`

/** Three bars of a waterfall. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#3b55d4"/><path d="M6 9h9M11 16h11M18 23h8" stroke="#fff" stroke-width="3.4" stroke-linecap="round"/></svg>
`
