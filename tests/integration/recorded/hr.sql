CREATE SCHEMA gateway;
CREATE TABLE gateway.staff (
  employee_no varchar(12) PRIMARY KEY, first_name text, last_name text, born_on date, years_teaching numeric(4, 1)
);
CREATE TABLE gateway.employments (
  employee_no varchar(12), district_no integer, hired_on date, left_on date, leave_code char(1), fte numeric(3, 2),
  annual_wage numeric(10, 2), status_code char(1), certificated boolean, row_state text, changed_at timestamptz
);
INSERT INTO gateway.staff VALUES
  ('E100', 'Imogen', 'Okafor', '1988-07-21', 6.5),
  ('E101', 'Tomás', 'Lindqvist', NULL, NULL),
  ('E102', 'Ada', 'Birch', '1979-01-30', 0);
INSERT INTO gateway.employments VALUES
  ('E100', 5500000, '2018-08-01', NULL, NULL, 1, 61250.50, 'T', true, 'current', '2026-08-01 10:00+00'),
  ('E101', 5500000, '2025-08-04', '2026-06-12', 'O', 0.5, NULL, 'S', true, 'current', '2026-08-01 11:00+00'),
  ('E102', 5500000, '2010-01-04', NULL, NULL, 1, 40000, 'C', false, 'current', '2026-08-01 12:00+00')
