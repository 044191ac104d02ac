import { Counter, Gauge, type Registry } from 'prom-client';

const startedAt = performance.timeOrigin / 1000;

/** By the names that Prometheus and prom-client have for them; each is read when it is asked for. */
const GAUGES: Readonly<Record<string, readonly [help: string, read: () => number]>> = {
  process_start_time_seconds: ['When the process began, in seconds since 1970', () => startedAt],
  process_resident_memory_bytes: ['Resident memory', () => process.memoryUsage.rss()],
  nodejs_heap_size_total_bytes: ['Heap of the JavaScript engine', () => process.memoryUsage().heapTotal],
  nodejs_heap_size_used_bytes: ['What is in use of that heap', () => process.memoryUsage().heapUsed],
  nodejs_external_memory_bytes: ['Memory outside the heap that objects hold', () => process.memoryUsage().external],
  nodejs_eventloop_utilization: [
    'Share of time that the event loop was at work, since the start',
    () => performance.eventLoopUtilization().utilization,
  ],
};

const COUNTERS: typeof GAUGES = {
  process_cpu_user_seconds_total: ['Processor time of our own code', () => process.cpuUsage().user / 1e6],
  process_cpu_system_seconds_total: ['Processor time of the kernel for us', () => process.cpuUsage().system / 1e6],
  process_cpu_seconds_total: [
    'Processor time of both',
    () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
  ],
};

/**
 * The process itself. prom-client's own set has a timer that fires a hundred times a second to measure delays of the
 * event loop, which is most of what a quiet node would do.
 */
export function defineProcessMetrics(registers: Registry[]): void {
  for (const [name, [help, read]] of Object.entries(GAUGES)) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }
  for (const [name, [help, read]] of Object.entries(COUNTERS)) {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
}
