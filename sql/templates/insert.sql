INSERT INTO templates (
    instance_serial, template_id, description, contract, editable_defaults, otp_device_serial
)
VALUES (:instance, :template_id, :description, :contract, :editable_defaults, :otp_device)
ON CONFLICT (instance_serial, template_id) DO NOTHING
