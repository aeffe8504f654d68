import type { Condition, Embed, Field, Filter, OrderItem, RowQuery, SelectItem } from './row-query.ts';

/** A query in the dialect it came in, decoded, with `?` for every value: `select=id,n:amount.sum()&id=in.(?)&order=id.desc&limit=10`. */
export function queryShape(query: Omit<RowQuery, 'columns' | 'onConflict' | 'args'> & Partial<Pick<RowQuery, 'args'>>, prefix = ''): string {
  const items = [...(query.select ?? []).map(selectText), ...query.embeds.map(embedText)];
  const select = query.select === null ? ['*', ...items] : items;
  return [
    ...(prefix === '' ? [`select=${select.join(',')}`] : []),
    ...(query.args ?? []).map(([name]) => `${name}=?`),
    ...query.conditions.map((condition) => topText(condition, prefix)),
    ...(query.order.length === 0 ? [] : [`${prefix}order=${query.order.map(orderText).join(',')}`]),
    ...(query.asOf === undefined ? [] : [`asOf=${query.asOf}`]),
    ...(query.cursor === undefined ? [] : ['cursor=?']),
    ...(query.limit === null ? [] : [`${prefix}limit=${query.limit}`]),
    ...(query.offset === 0 ? [] : [`${prefix}offset=${query.offset}`]),
    ...query.embeds.map((embed) => queryShape(embed.query, `${prefix}${embed.alias ?? embed.relation}.`)).filter((text) => text !== ''),
  ].join('&');
}

function fieldText({ column, path }: Field): string {
  return column + path.map(({ asText, key }) => `${asText ? '->>' : '->'}${key}`).join('');
}

function selectText({ field, alias, cast, aggregate }: SelectItem): string {
  const of = aggregate && field.column === '*' && field.path.length === 0 ? '' : `${fieldText(field)}${cast === undefined ? '' : `::${cast}`}`;
  const after = aggregate ? `${of === '' ? '' : '.'}${aggregate.name}()${aggregate.cast === undefined ? '' : `::${aggregate.cast}`}` : '';
  return `${alias === undefined ? '' : `${alias}:`}${of}${after}`;
}

function embedText({ relation, alias, hint, join, spread, query }: Embed): string {
  const items = [...(query.select ?? []).map(selectText), ...query.embeds.map(embedText)];
  const dots = spread ? '...' : '';
  const modifiers = [hint, join].filter((text) => text !== undefined).map((text) => `!${text}`);
  return `${dots}${alias === undefined ? '' : `${alias}:`}${relation}${modifiers.join('')}(${query.select === null ? ['*', ...items].join(',') : items.join(',')})`;
}

function topText(condition: Condition, prefix: string): string {
  if (condition.kind === 'filter') return `${prefix}${fieldText(condition.field)}=${operatorText(condition)}`;
  return `${prefix}${condition.negated ? 'not.' : ''}${condition.kind}=${innerText(condition.conditions)}`;
}

function innerText(conditions: readonly Condition[]): string {
  const texts = conditions.map((condition) =>
    condition.kind === 'filter'
      ? `${fieldText(condition.field)}.${operatorText(condition)}`
      : `${condition.negated ? 'not.' : ''}${condition.kind}${innerText(condition.conditions)}`,
  );
  return `(${texts.join(',')})`;
}

function operatorText({ negated, operator, quantifier, language, value }: Filter): string {
  const modifier = quantifier ?? language;
  const operand = value.kind === 'is' ? value.word.replace('not null', 'not_null') : value.kind === 'list' ? '(?)' : '?';
  return `${negated ? 'not.' : ''}${operator}${modifier === undefined ? '' : `(${modifier})`}.${operand}`;
}

function orderText({ field, relation, direction, nulls }: OrderItem): string {
  const source = relation === undefined ? fieldText(field) : `${relation}(${fieldText(field)})`;
  return `${source}${direction === undefined ? '' : `.${direction}`}${nulls === undefined ? '' : `.nulls${nulls}`}`;
}
