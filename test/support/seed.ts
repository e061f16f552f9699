import fc from 'fast-check'

/** The gate asks the same questions each time, so that it is red for what was changed; elsewhere they are new ones. */
if (process.env['CI']) fc.configureGlobal({ seed: 20261128 })
