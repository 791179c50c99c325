UPDATE templates
SET description = :description, contract = :contract, editable_defaults = :editable_defaults,
    otp_device_serial = :otp_device
WHERE instance_serial = :instance AND template_id = :template_id
