-- A check fails where a column of the first row is 0.
SELECT count(*)
FROM orders
WHERE ordered_on = '{{ ds }}'
