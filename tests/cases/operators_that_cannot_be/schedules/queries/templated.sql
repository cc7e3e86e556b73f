SELECT 1 WHERE {{ ds }}
