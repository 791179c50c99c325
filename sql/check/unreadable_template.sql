-- scans: a check looks at every row
SELECT 'template ' || template_id || ' cannot be read'
FROM templates
WHERE NOT json_valid(contract) OR (editable_defaults IS NOT NULL AND NOT json_valid(editable_defaults))
