DELETE FROM report;
INSERT INTO report SELECT ordered_on, sum(amount) FROM orders GROUP BY ordered_on;
