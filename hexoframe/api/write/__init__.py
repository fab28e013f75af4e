"""What users write to the service: activities, annotations, files of activities."""
