import { bundleDashboard } from './bundle.ts' with { type: 'macro' }

/** The dashboard's script, in one piece. */
export const SCRIPT: string = bundleDashboard()
