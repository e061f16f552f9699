/** The upstream that OPENROUTER_API_KEY and OPENROUTER_BASE_URL are about; it has every model that no other one claims. */
export const DEFAULT_UPSTREAM = 'default'
