import { styleText } from 'node:util';
import type { Io, Output } from './io.ts';

type Style = Parameters<typeof styleText>[0];

/** Styles text for people at a terminal; leaves it alone for everything else. */
export const styled = (io: Io, out: Output, style: Style, text: string): string =>
  out.isTTY && !io.env.NO_COLOR ? styleText(style, text) : text;

/** 1234567 → 1,234,567. */
export const grouped = (value: number | bigint): string =>
  value.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** `1 packet`, `3 packets`. */
export const plural = (count: number, noun: string): string =>
  `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;

/** ns with three digits that count. */
export function nanoseconds(ns: number): string {
  if (ns >= 1e6) return `${(ns / 1e6).toPrecision(3)} ms`;
  return `${ns >= 100 ? grouped(Math.round(ns)) : ns.toPrecision(3)} ns`;
}

/** Events a second. */
export function rate(perSecond: number): string {
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toPrecision(3)} M/s`;
  if (perSecond >= 1e3) return `${(perSecond / 1e3).toPrecision(3)} k/s`;
  return `${perSecond.toPrecision(3)}/s`;
}
