SELECT c.name, SUM(o.total) AS total FROM orders o JOIN customers c ON c.id = o.customer GROUP BY c.name;
SELECT c.name, SUM(o.total) AS total FROM orders o JOIN customers c ON c.id = o.customer GROUP BY c.name;
SELECT c.name, SUM(o.total) AS total FROM orders o JOIN customers c ON c.id = o.customer GROUP BY c.name;
SELECT c.name, SUM(o.total) AS total FROM orders o JOIN customers c ON c.id = o.customer GROUP BY c.name;
