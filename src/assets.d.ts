/** Files that are taken into the program as they are: `import path from '…' with { type: 'file' }`. */

declare module '*.css' {
  const path: string
  export default path
}

declare module '*.png' {
  const path: string
  export default path
}

declare module 'swagger-ui-dist/swagger-ui-bundle.js' {
  const path: string
  export default path
}

declare module '*/docs/init.js' {
  const path: string
  export default path
}

/** Texts that are taken in as strings: `import text from '…' with { type: 'text' }`. */
declare module '*.md' {
  const text: string
  export default text
}

declare module '*.wasm' {
  const path: string
  export default path
}

declare module '*/bin/rg' {
  const path: string
  export default path
}

/** Has no types of its own. */
declare module '@joplin/turndown-plugin-gfm' {
  import type TurndownService from 'turndown'
  export const gfm: (service: TurndownService) => void
}
