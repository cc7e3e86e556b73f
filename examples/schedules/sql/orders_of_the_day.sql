-- The check fails if a value of the first row is false, 0 or null.
SELECT count(*)
FROM orders
WHERE ordered_on = '{{ ds }}'
