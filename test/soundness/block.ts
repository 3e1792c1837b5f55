import type { Scope, Statement } from './scope.ts';

/** All kinds of statements by name; filled by statements.ts, which they themselves need for what they contain. */
const table = new Map<string, Statement>();

export function register(statements: Readonly<Record<string, Statement>>): void {
  for (const [name, statement] of Object.entries(statements)) table.set(name, statement);
}

/** How often a statement may turn out impossible before another is tried. */
const TRIES = 6;
const DEEPEST = 5;

function one(scope: Scope): void {
  const choices = [...scope.unit.weights].map(([name, weight]) => [weight, name] as const);
  for (let tries = 0; tries < TRIES; tries++) {
    if (table.get(scope.random.weighted(choices))?.(scope)) return;
  }
}

/** `count` random statements; none after one that leaves the function. */
export function block(scope: Scope, count: number): void {
  if (scope.depth >= DEEPEST) return;
  scope.depth++;
  for (let made = 0; made < count && !scope.state.dead; made++) one(scope);
  scope.depth--;
}
