import type { KpiGroup } from '../domain/kpi.ts';
import type { CommandSpec } from './spec.ts';

/** Figures and alerts of the whole system. docs/metrics.md, docs/alerts.md */

const load = async () => await import('./alerts.ts');
const loadMetrics = async () => await import('./metrics.ts');
/** Written out: every command loads this file, and few need the figures. */
const groups: readonly KpiGroup[] = ['business', 'performance', 'system', 'experience'];
const alert_arg = { name: '<alert>', doc: 'its name: error_rate, disk, .. (alerts list)' };

export const alerts_tree: readonly CommandSpec[] = [
  {
    path: 'metrics show',
    summary: 'The figures of the whole system: now, their trend, and where an alert begins',
    role: 'view',
    examples: [
      'petpro metrics show --watch 5s',
      'petpro metrics show --group business --range 24h',
      'petpro metrics show --json=name,now,unit',
    ],
    options: [
      { flags: '--range <range>', doc: 'trend of minutes or of hours', choices: ['60m', '24h'] },
      { flags: '--group <group>', doc: 'only these', choices: groups },
    ],
    watch: true,
    load: async () => (await loadMetrics()).showMetrics,
  },
  {
    path: 'metrics export',
    summary: 'Everything that one daemon measures, in the text format of Prometheus',
    role: 'public',
    examples: ['petpro metrics export -o prom', 'petpro metrics export --json'],
    formats: ['prom'],
    load: async () => (await loadMetrics()).exportMetrics,
  },
  {
    path: 'metrics report',
    args: [
      { name: '<screen>', doc: 'slots, book, pay, bookings, board or other' },
      { name: '<time>', doc: 'how long it took: 120ms, 2s' },
    ],
    summary: 'Tell how long a screen took, as the apps do; for scripts that play a customer',
    role: 'signed_in',
    examples: ['petpro metrics report slots 120ms'],
    mutates: { endpoint: 'report_timings' },
    load: async () => (await loadMetrics()).reportTiming,
  },
  {
    path: 'alerts list',
    summary: 'What is wrong, since when, and what to do; exit code 10 when critical',
    role: 'view',
    examples: ['petpro alerts list --firing', 'petpro alerts list --watch 5s'],
    options: [{ flags: '--firing', doc: 'only those that fire' }],
    watch: true,
    exits: [10],
    load: async () => (await load()).listAlerts,
  },
  {
    path: 'alerts log',
    summary: 'What fired and cleared lately, and who said what about it',
    role: 'view',
    examples: ['petpro alerts log', 'petpro alerts log -o csv'],
    load: async () => (await load()).logAlerts,
  },
  {
    path: 'alerts ack',
    args: [alert_arg],
    summary: 'Say that you look after it; forgotten when it clears',
    role: 'sre',
    examples: ['petpro alerts ack relay_lag --reason "restarting the relay"'],
    mutates: { endpoint: 'ack_alert', reason: true },
    exits: [3, 9],
    load: async () => (await load()).ackAlert,
  },
  {
    path: 'alerts mute',
    args: [alert_arg],
    summary: 'Let it be silent for a while; it is still looked at and shown',
    role: 'sre',
    examples: ['petpro alerts mute disk --for 2h --reason "moving to a larger one"'],
    options: [{ flags: '--for <time>', doc: 'how long: 30m, 2h, 7d at most; default: 1h' }],
    mutates: { endpoint: 'mute_alert', reason: true },
    exits: [3],
    load: async () => (await load()).muteAlert,
  },
  {
    path: 'alerts unmute',
    args: [alert_arg],
    summary: 'End its silence before the time',
    role: 'sre',
    examples: ['petpro alerts unmute disk'],
    mutates: { endpoint: 'unmute_alert', reason: true },
    exits: [3],
    load: async () => (await load()).unmuteAlert,
  },
  {
    path: 'alerts test',
    summary: 'Let an alert fire for a moment, to see that it reaches somebody',
    role: 'sre',
    examples: ['petpro alerts test --for 2m --reason "new pager"'],
    options: [{ flags: '--for <time>', doc: 'how long it fires, 1h at most; default: 1m' }],
    mutates: { endpoint: 'test_alerts', reason: true },
    load: async () => (await load()).testAlerts,
  },
  {
    path: 'backups note',
    args: [{ name: '<label>', doc: 'where it is, or what it is called' }],
    summary: 'Tell that a backup was made, for the script that makes it',
    role: 'sre',
    examples: ['petpro backups note s3://backups/2026-11-20.dump --bytes 4402341478 --verified'],
    options: [
      { flags: '--bytes <n>', doc: 'its size' },
      { flags: '--verified', doc: 'it was restored somewhere, and counted' },
    ],
    mutates: { endpoint: 'note_backup' },
    load: async () => (await loadMetrics()).noteBackup,
  },
];
