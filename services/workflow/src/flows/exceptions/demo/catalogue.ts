/** The world that the demo's transactions come from. Invented; no real party. */
export const COUNTERPARTIES = [
  'Aurelia Logistics', 'Baltic Timber', 'Cobalt Chemicals', 'Dorado Foods', 'Eastgate Paper', 'Falkner Tools', 'Granite Insurance', 'Harbour Energy',
  'Ionic Labs', 'Juniper Textiles', 'Kestrel Air Freight', 'Lumen Optics', 'Meridian Rentals', 'Nordlicht Media', 'Orchard Supplies', 'Pinnacle Cleaning',
  'Quarry Stone', 'Rivet Metals', 'Solstice Travel', 'Tidewater Shipping', 'Umbra Security', 'Vantage Consulting', 'Willow Catering', 'Xenon Lighting',
  'Yarrow Pharma', 'Zephyr Telecom',
] as const; // prettier-ignore
export const REGIONS = [
  { region: 'EMEA', currency: 'EUR', share: 0.45 },
  { region: 'AMER', currency: 'USD', share: 0.35 },
  { region: 'APAC', currency: 'SGD', share: 0.2 },
] as const;
export const CURRENCIES = ['EUR', 'USD', 'GBP', 'CHF', 'SGD', 'JPY'] as const;
export const CHANNELS = ['wire', 'card', 'direct_debit', 'standing_order', 'instant'] as const;
export const SUBJECTS = ['invoice', 'monthly fee', 'rent', 'licence', 'freight', 'maintenance', 'deposit', 'consulting', 'raw material', 'refund'] as const;

/** What flaggers write, by what it turned out to be. Much of it would fit another class as well: people guess. */
export const NOTES: Readonly<Record<string, readonly string[]>> = {
  no_issue: [
    'please check, looks odd', 'not sure about this one', 'is this the right amount?', 'seen this before?', 'supplier confirmed, probably fine',
    'booked twice? second one may be the next month', 'checked with the bank, wanted a second look', 'unusual counterparty for us', 'weekend booking', 'amount looks high',
  ],
  duplicate: [
    'booked twice', 'looks like a duplicate of yesterday', 'same amount and supplier two days in a row', 'paid already?', 'double entry', 'second payment of the same invoice',
    'please check, looks odd', 'seen this before?',
  ],
  wrong_currency: [
    'should be in euro', 'currency does not match the contract', 'invoice was in dollars', 'exchange rate applied twice?', 'wrong currency', 'amount looks high', 'please check, looks odd',
  ],
  amount_mismatch: [
    'amount differs from the invoice', 'short payment', 'overpaid', 'is this the right amount?', 'discount was not taken', 'amount looks high', 'off by a few hundred', 'not sure about this one',
  ],
  missing_counterpart: [
    'who is this?', 'no counterparty on the statement', 'cannot find a matching entry', 'nothing expected from anyone', 'unknown payer', 'not sure about this one', 'no reference, cannot match',
  ],
  suspected_fraud: [
    'never heard of this supplier', 'unusual counterparty for us', 'booked in the middle of the night', 'bank details changed last week', 'round amount, urgent request by mail',
    'please look at this quickly', 'who is this?', 'amount looks high',
  ],
  timing: [
    'value date is in another period', 'booked late', 'belongs to last month', 'arrived a week after', 'cut-off problem', 'weekend booking', 'not sure about this one', 'should have been here on Monday',
  ],
}; // prettier-ignore
