import { expect, test } from 'vitest';
import { createRequestTimes } from './request-times.ts';

test('the text is a Prometheus histogram: buckets add up, the last one is everything', () => {
  const times = createRequestTimes();
  times.observe('/v1/slots', 'GET', 200, 0.5);
  times.observe('/v1/slots', 'GET', 200, 1);
  times.observe('/v1/slots', 'GET', 200, 60_000);
  times.observe('/v1/slots', 'GET', 404, 3);
  const lines = times.text().split('\n');
  const labels = 'route="/v1/slots",method="GET",status="200"';
  const name = 'petpro_http_request_duration_seconds';
  expect(lines[1]).toBe(`# TYPE ${name} histogram`);
  // A bound belongs to its bucket.
  expect(lines).toContain(`${name}_bucket{le="0.001",${labels}} 2`);
  expect(lines).toContain(`${name}_bucket{le="15",${labels}} 2`);
  expect(lines).toContain(`${name}_bucket{le="+Inf",${labels}} 3`);
  expect(lines).toContain(`${name}_count{${labels}} 3`);
  expect(lines).toContain(`${name}_sum{${labels}} 60.0015`);
  expect(lines.filter((line) => line.startsWith(`${name}_count`))).toHaveLength(2);
});
