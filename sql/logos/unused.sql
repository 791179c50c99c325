-- scans: an instance has one logo, and those that it had before
SELECT serial
FROM logos
WHERE NOT EXISTS (SELECT 1 FROM orders WHERE orders.logo_serial = logos.serial)
LIMIT 1
